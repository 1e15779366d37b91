import type { Setting } from "./setting.ts";

/** The settings of one service, by the names that its code uses. */
export type SettingDefinitions = Readonly<Record<string, Setting<unknown>>>;

/** What the definitions read as. */
export type SettingsOf<D extends SettingDefinitions> = {
  readonly [Name in keyof D]: D[Name] extends Setting<infer T> ? T : never;
};

/** One or more settings are wrong; each line of the message names a variable, its value and what it should be. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** Reads all settings once, at the edge, into a frozen object. @throws {SettingsError} that names every wrong one */
export function parseSettings<D extends SettingDefinitions>(
  definitions: D,
  environment: Readonly<Record<string, string | undefined>>,
): SettingsOf<D> {
  const problems: string[] = [];
  const entries = Object.entries(definitions).map(([name, setting]) => {
    const text = environment[setting.variable] ?? "";
    const parsed = setting.parse(text === "" ? setting.fallback : text);
    if (parsed.kind === "value") return [name, parsed.value] as const;
    const shown = setting.isSecret ? "(secret)" : JSON.stringify(text);
    problems.push(`${setting.variable}=${shown} should be ${parsed.wanted}`);
    return [name, undefined] as const;
  });
  if (problems.length > 0) throw new SettingsError(problems.join("\n"));
  return Object.freeze(Object.fromEntries(entries)) as SettingsOf<D>;
}

/** The settings as rows of a Markdown table: the only place where people read of them is made from the code. */
export function describeSettings(definitions: SettingDefinitions): string {
  const rows = Object.values(definitions).map(
    ({ variable, fallback, doc }) => `| \`${variable}\` | ${fallback === "" ? "" : `\`${fallback}\``} | ${doc} |`,
  );
  return ["| variable | default | meaning |", "| --- | --- | --- |", ...rows].join("\n") + "\n";
}
