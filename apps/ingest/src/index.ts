export { createIngest, type Ingest, type IngestDeps } from "./create-ingest.ts";
export { PUBLISH_RATE_SETTING } from "./publish-rate-setting.ts";
