import { expect, test } from "vitest";
import { type AuditException, judgeAudit } from "./judge-audit.ts";

const hole = {
  ...{ name: "grpc-thing", title: "takes anything", severity: "low", range: "<2.0.0" },
  url: "https://github.com/advisories/GHSA-aaaa-bbbb-cccc",
};
const excuse: AuditException = { advisory: "GHSA-aaaa-bbbb-cccc", reason: "we never call it", until: "2026-06-30" };

function judge(vulnerabilities: unknown, exceptions: readonly AuditException[] = [], today = "2026-06-01") {
  return judgeAudit({ output: JSON.stringify({ auditReportVersion: 2, vulnerabilities }), exceptions, today });
}

test("an advisory is a problem, once, however many packages it reaches", () => {
  const verdict = judge({ "grpc-thing": { via: [hole] }, parent: { via: ["grpc-thing"] }, again: { via: [hole] } });
  expect(verdict).toEqual({
    kind: "audited",
    problems: [`grpc-thing <2.0.0: low: takes anything (${hole.url})`],
    excused: [],
  });
});

test("an exception excuses it until its day, and is a problem when nothing needs it", () => {
  const found = { "grpc-thing": { via: [hole] } };
  expect(judge(found, [excuse], "2026-06-30")).toMatchObject({
    problems: [],
    excused: [expect.stringContaining("we never call it")],
  });
  expect(judge(found, [excuse], "2026-07-01")).toMatchObject({ problems: [expect.stringContaining("grpc-thing")] });
  expect(judge({}, [excuse])).toMatchObject({ problems: [expect.stringContaining("for nothing any more")] });
});

test("no report is no clean bill", () => {
  const output = JSON.stringify({ message: "405 Method Not Allowed", statusCode: 405 });
  expect(judgeAudit({ output, exceptions: [], today: "2026-06-01" })).toEqual({
    kind: "unavailable",
    why: "405 Method Not Allowed",
  });
  expect(judgeAudit({ output: "", exceptions: [], today: "2026-06-01" }).kind).toBe("unavailable");
});
