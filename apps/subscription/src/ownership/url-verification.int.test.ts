import { describeUrlVerification } from "../testing/describe-url-verification.ts";
import { startOnSqlite } from "../testing/start-subscription.ts";

describeUrlVerification(startOnSqlite);
