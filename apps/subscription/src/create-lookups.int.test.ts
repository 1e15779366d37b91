import { describeLookups } from "./testing/describe-lookups.ts";
import { startOnSqlite } from "./testing/start-subscription.ts";

describeLookups(startOnSqlite);
