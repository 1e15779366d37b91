/** A known hole that we live with, for a reason and for a time. */
export interface AuditException {
  /** As in the advisory's address, such as GHSA-xxxx-xxxx-xxxx. */
  readonly advisory: string;
  /** Why it can't hurt us, or why nothing can be done yet. */
  readonly reason: string;
  /** The last day on which it counts, YYYY-MM-DD. */
  readonly until: string;
}

/** What `npm audit` found: nothing unless the registry could tell. */
export type AuditVerdict =
  | { readonly kind: "unavailable"; readonly why: string }
  | {
      readonly kind: "audited";
      /** One line each: not excused, or no longer. */
      readonly problems: readonly string[];
      /** One line each. */
      readonly excused: readonly string[];
    };

/** Of `npm audit --json`, report version 2: what we read of it. */
interface Report {
  readonly auditReportVersion?: number;
  readonly message?: string;
  readonly vulnerabilities?: Readonly<Record<string, { readonly via: readonly (string | Advisory)[] }>>;
}

interface Advisory {
  readonly name: string;
  readonly title: string;
  readonly url: string;
  readonly severity: string;
  readonly range: string;
}

export interface AuditToJudge {
  /** What `npm audit --json` printed. */
  readonly output: string;
  readonly exceptions: readonly AuditException[];
  /** YYYY-MM-DD */
  readonly today: string;
}

/** Each advisory of any severity is a problem unless an exception names it; an exception that nothing needs is one too. */
export function judgeAudit({ output, exceptions, today }: AuditToJudge): AuditVerdict {
  const report = parseReport(output);
  if (report?.vulnerabilities === undefined) {
    return { kind: "unavailable", why: report?.message ?? "npm audit gave no report" };
  }
  const advisories = listAdvisories(report.vulnerabilities);
  const valid = new Map(exceptions.filter(({ until }) => until >= today).map((each) => [each.advisory, each]));
  const excuseOf = ({ url }: Advisory): AuditException | undefined => valid.get(idOf(url));
  const needed = new Set(advisories.map(({ url }) => idOf(url)));
  return {
    kind: "audited",
    problems: [
      ...advisories.filter((advisory) => !excuseOf(advisory)).map(describe),
      ...exceptions
        .filter(({ advisory }) => !needed.has(advisory))
        .map(({ advisory }) => `the exception for ${advisory} is for nothing any more: take it out`),
    ],
    excused: advisories.flatMap((advisory) => {
      const excuse = excuseOf(advisory);
      return excuse ? [`${describe(advisory)}; until ${excuse.until}: ${excuse.reason}`] : [];
    }),
  };
}

function parseReport(output: string): Report | undefined {
  try {
    return JSON.parse(output) as Report;
  } catch {
    return undefined;
  }
}

/** A package that is only hit through another one names that one instead of an advisory. */
function listAdvisories(vulnerabilities: NonNullable<Report["vulnerabilities"]>): readonly Advisory[] {
  const found = Object.values(vulnerabilities).flatMap(({ via }) => via.filter((each) => typeof each !== "string"));
  return [...new Map(found.map((advisory) => [`${advisory.url} ${advisory.name}`, advisory])).values()];
}

function idOf(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

function describe({ name, severity, title, url, range }: Advisory): string {
  return `${name} ${range}: ${severity}: ${title} (${url})`;
}
