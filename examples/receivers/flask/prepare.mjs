// Makes the virtual environment of the Flask example in .cache/flask-venv, once per requirements.txt.
// Run it by hand (`node examples/receivers/flask/prepare.mjs` prints the path of its Python) or from a test.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const requirements = fileURLToPath(new URL("requirements.txt", import.meta.url));
const environment = fileURLToPath(new URL("../../../.cache/flask-venv", import.meta.url));
const isWindows = process.platform === "win32";
const python = join(environment, ...(isWindows ? ["Scripts", "python.exe"] : ["bin", "python"]));
const stamp = join(environment, "requirements.sha256");

/** Installing takes seconds; a registry that does not answer shall not hold a test run for longer than this. */
const INSTALL_TIMEOUT_MS = 180_000;

/**
 * The path of a Python that has what requirements.txt asks for. The second time it is instant.
 * @returns {Promise<string>}
 * @throws Error that says what is missing: Python, its venv module, or the packages
 */
export async function prepareFlask() {
  const wanted = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex");
  if ((await readFile(stamp, "utf8").catch(() => "")) === wanted) return python;
  await rm(environment, { recursive: true, force: true });
  const system = isWindows ? "python" : "python3";
  await step(system, ["--version"], `${system} is missing: install Python 3.9 or newer`);
  await step(
    system,
    ["-m", "venv", environment],
    "Python's venv module is missing (Debian: apt-get install python3-venv)",
  );
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements];
  await step(python, install, "the packages of requirements.txt could not be installed");
  // Last, so that a run that was cut short is begun again.
  await writeFile(stamp, wanted);
  return python;
}

/** @param {string} command @param {string[]} args @param {string} problem */
async function step(command, args, problem) {
  try {
    await run(command, args, { timeout: INSTALL_TIMEOUT_MS });
  } catch (cause) {
    const output = /** @type {{ stderr?: string }} */ (cause).stderr?.trim().split("\n").at(-1);
    throw new Error(output ? `${problem}: ${output}` : problem, { cause });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(await prepareFlask());
  } catch (error) {
    console.error(`error: ${/** @type {Error} */ (error).message}`);
    process.exitCode = 1;
  }
}
