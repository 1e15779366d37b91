import { describeEndpointHealth } from "../testing/describe-endpoint-health.ts";
import { startOnSqlite } from "../testing/start-subscription.ts";

describeEndpointHealth(startOnSqlite);
