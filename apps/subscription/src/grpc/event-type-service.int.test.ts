import { describeEventTypeService } from "../testing/describe-event-type-service.ts";
import { startOnSqlite } from "../testing/start-subscription.ts";

describeEventTypeService(startOnSqlite);
