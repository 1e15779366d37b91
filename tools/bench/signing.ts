// What a signature and a sealed secret cost: `node tools/bench/signing.ts`. CPU time of one thread, the least of several
// rounds, which other work on the machine disturbs the least.
import { randomBytes } from "node:crypto";
import { createMasterKey, createSealer, parseMasterKeys } from "@postrider/kit-secrets";
import {
  createPrivateSigningKey,
  createSigningSecret,
  parseSigningSecret,
  sign,
  type SigningKey,
} from "@postrider/kit-signature";

const ROUNDS = 7;
const ROUND_MS = 200;
const CONTEXT = "acme|sub_01kdvdna00zzzzzzzzzzzzzzzz|key_00112233445566778899";

const v1 = keyOf(createSigningSecret(randomBytes));
const v1a = keyOf(createPrivateSigningKey(randomBytes));

console.log("| body | v1, µs | v1a, µs | both, µs |");
console.log("| --- | --- | --- | --- |");
for (const bytes of [256, 1024, 20 * 1024, 256 * 1024]) {
  const body = randomBytes(bytes);
  const costs = [[v1], [v1a], [v1, v1a]].map((keys) =>
    measureUs(() => sign({ id: "evt_01kdvdna00zzzzzzzzzzzzzzzz", timestampSeconds: 1_800_000_000, body, keys })),
  );
  console.log(`| ${bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`} | ${costs.join(" | ")} |`);
}

const sealer = createSealer({ masterKeys: loadMasterKeys(), randomBytes });
const secret = createSigningSecret(randomBytes);
const sealed = sealer.seal(secret, CONTEXT);
console.log(
  `\nseal ${measureUs(() => sealer.seal(secret, CONTEXT))} µs, open ${measureUs(() => sealer.open(sealed, CONTEXT))} µs, ${sealed.length} characters`,
);

/** CPU time of one call. */
function measureUs(run: () => unknown): string {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    const endsAtMs = performance.now() + ROUND_MS;
    let calls = 0;
    for (; calls % 16 !== 0 || performance.now() < endsAtMs; calls++) run();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / calls);
  }
  return least.toFixed(1);
}

function keyOf(text: string): SigningKey {
  const parsed = parseSigningSecret(text);
  if (parsed.kind === "invalid") throw new Error(parsed.reason);
  return parsed.key;
}

function loadMasterKeys(): Parameters<typeof createSealer>[0]["masterKeys"] {
  const parsed = parseMasterKeys(createMasterKey(randomBytes));
  if (parsed.kind === "invalid") throw new Error(parsed.reason);
  return parsed.keys;
}
