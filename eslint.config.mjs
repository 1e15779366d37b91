// The walls of the house: who may import whom, how large a file may grow, where the outside world may be touched.
// Run it through nx only (`npm run lint`): plain eslint has no project graph and silently skips the walls.
import nx from "@nx/eslint-plugin";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

// A project whose tags match nothing here may import nothing and be imported by nobody.
const layers = [
  {
    sourceTag: "type:app",
    onlyDependOnLibsWithTags: ["type:domain", "type:records", "type:kit", "type:contract"],
  },
  {
    sourceTag: "type:composite",
    onlyDependOnLibsWithTags: ["type:app", "type:domain", "type:records", "type:kit", "type:contract"],
  },
  { sourceTag: "type:records", onlyDependOnLibsWithTags: ["type:domain", "type:contract", "type:kit"] },
  { sourceTag: "type:kit", onlyDependOnLibsWithTags: ["type:kit", "type:contract"] },
  { sourceTag: "type:domain", onlyDependOnLibsWithTags: ["type:domain"], bannedExternalImports: ["*"] },
  {
    sourceTag: "type:contract",
    onlyDependOnLibsWithTags: [],
    allowedExternalImports: ["@bufbuild/*", "@grpc/grpc-js"],
  },
  { sourceTag: "type:testing", onlyDependOnLibsWithTags: ["type:domain", "type:records", "type:kit", "type:contract"] },
  { sourceTag: "type:tool", onlyDependOnLibsWithTags: ["type:kit", "type:contract", "type:testing"] },
  // The dispatcher in a world of its own, and checks of what stands in that world's log.
  {
    sourceTag: "type:simulation",
    onlyDependOnLibsWithTags: ["type:app", "type:domain", "type:records", "type:kit", "type:contract"],
  },
  // Examples are what a stranger writes: they see nothing of the house.
  { sourceTag: "type:example", onlyDependOnLibsWithTags: [] },
];
const services = ["ingest", "subscription", "dispatcher", "ledger", "cli"];
const scopes = [
  ...services.map((s) => ({ sourceTag: `scope:${s}`, onlyDependOnLibsWithTags: [`scope:${s}`, "scope:shared"] })),
  {
    sourceTag: "scope:standalone",
    onlyDependOnLibsWithTags: [
      "scope:ingest",
      "scope:subscription",
      "scope:dispatcher",
      "scope:ledger",
      "scope:shared",
    ],
  },
  { sourceTag: "scope:simulation", onlyDependOnLibsWithTags: ["scope:dispatcher", "scope:shared"] },
  { sourceTag: "scope:shared", onlyDependOnLibsWithTags: ["scope:shared"] },
];
// Tests may also use test doubles, and any package.
const layersInTests = layers.map(({ sourceTag, onlyDependOnLibsWithTags }) => ({
  sourceTag,
  onlyDependOnLibsWithTags: [...onlyDependOnLibsWithTags, "type:testing"],
}));
const boundaries = (...depConstraints) => ["error", { depConstraints: depConstraints.flat() }];

const tests = ["**/*.test.ts", "libs/testing/**", "**/src/testing.ts", "**/src/testing/**"];
const noDoubles = { group: ["@postrider/*/testing", "@postrider/testing"], message: "Test doubles stay in tests." };
const noNode = { group: ["node:*"], message: "Domain code does no IO." };
const noHttp = {
  group: ["undici", "node:http", "node:https", "node:net", "node:tls", "node:http2"],
  message: "libs/kit/egress is the only door to the internet.",
};

export default defineConfig(
  { ignores: ["**/dist", "libs/contracts/src", "*.config.*"] },
  ...nx.configs["flat/base"],
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@nx/enforce-module-boundaries": boundaries(layers, scopes),
      "no-restricted-imports": ["error", { patterns: [noDoubles, noHttp] }],
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "Only config.ts reads the environment." },
      ],
      // Numbers and booleans in messages are clear as they are.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "max-params": ["error", 3],
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      complexity: ["error", 12],
    },
  },
  {
    files: ["libs/domain/**/*.ts"],
    rules: {
      "no-restricted-imports": ["error", { patterns: [noDoubles, noNode] }],
      "no-restricted-syntax": [
        "error",
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "Time is an argument." },
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: "Time is an argument.",
        },
        {
          selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
          message: "Randomness is an argument.",
        },
      ],
    },
  },
  // The door itself, and the admin port, which answers scrapes and probes.
  {
    files: ["libs/kit/egress/**", "libs/kit/telemetry/src/admin-server.ts", "apps/cli/src/receive/**"],
    rules: { "no-restricted-imports": ["error", { patterns: [noDoubles] }] },
  },
  {
    files: tests,
    rules: {
      "@nx/enforce-module-boundaries": boundaries(layersInTests, scopes),
      "no-restricted-imports": "off",
      "no-restricted-syntax": "off",
      "max-lines": "off",
      "max-lines-per-function": "off",
      // Fakes implement asynchronous ports without waiting.
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["apps/*/src/config.ts", "tools/**", "examples/**", "**/*.test.ts", "**/src/testing/**", "libs/testing/**"],
    rules: { "no-restricted-properties": "off" },
  },
  { files: ["tools/**", "examples/**"], rules: { "no-restricted-imports": "off" } },
);
