import { describeSubscriptionService } from "../testing/describe-subscription-service.ts";
import { startOnSqlite } from "../testing/start-subscription.ts";

describeSubscriptionService(startOnSqlite);
