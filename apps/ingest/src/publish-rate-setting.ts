import { integerSetting } from "@postrider/kit-config";

/** For every process that takes events. */
export const PUBLISH_RATE_SETTING = integerSetting(
  {
    variable: "POSTRIDER_PUBLISH_RATE",
    fallback: "0",
    doc: "Events a second that each caller may publish to this process, and so many at once; more is answered with RESOURCE_EXHAUSTED and a RetryInfo. Callers without credentials count as one. 0: any number.",
  },
  { min: 0, max: 1_000_000 },
);
