import { describeOutbox } from "../testing/describe-outbox.ts";
import { startOnSqlite } from "../testing/start-subscription.ts";

describeOutbox(startOnSqlite);
