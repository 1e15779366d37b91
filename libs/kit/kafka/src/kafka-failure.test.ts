import { describe, expect, test } from "vitest";
import { createKafkaError, describeFailure, findProtocolError, isFinal, isSetup } from "./kafka-failure.ts";
import { KafkaError } from "./kafka.ts";
import { loadKafkajs } from "./load-kafkajs.ts";
import { createConnectionError, createProtocolError } from "./testing/protocol-error.ts";

describe("an error of Kafka's protocol", () => {
  test.each([
    ["MESSAGE_TOO_LARGE", "refused", true],
    ["OFFSET_METADATA_TOO_LARGE", "refused", true],
    ["TOPIC_AUTHORIZATION_FAILED", "setup", true],
    ["GROUP_AUTHORIZATION_FAILED", "setup", true],
    ["CLUSTER_AUTHORIZATION_FAILED", "setup", true],
    ["INVALID_TOPIC_EXCEPTION", "setup", true],
    ["POLICY_VIOLATION", "setup", true],
    // Worth another try, but whoever gives up has no such topic.
    ["UNKNOWN_TOPIC_OR_PARTITION", "setup", false],
    ["NOT_ENOUGH_REPLICAS", "unavailable", false],
    ["REBALANCE_IN_PROGRESS", "unavailable", false],
  ])("%s is %s", (type, code, isTheEnd) => {
    const error = createProtocolError(type);
    expect(createKafkaError("t", error)).toMatchObject({ code, cause: error });
    expect(isFinal(error)).toBe(isTheEnd);
    expect(isSetup(error)).toBe(isTheEnd && code === "setup");
  });

  test("is found through whatever kafkajs wraps it in", () => {
    const { KafkaJSNumberOfRetriesExceeded } = loadKafkajs();
    const cause = createProtocolError("TOPIC_AUTHORIZATION_FAILED");
    // Its type does not know that it takes a cause.
    const wrapped = new KafkaJSNumberOfRetriesExceeded(cause, { ...{ retryCount: 5, retryTime: 1 }, ...{ cause } });
    expect(findProtocolError(wrapped)).toBe("TOPIC_AUTHORIZATION_FAILED");
    expect(createKafkaError("t", wrapped).code).toBe("setup");
  });
});

test("a connection that broke is told with its code and broker, in one line, and may pass", () => {
  expect(describeFailure(createConnectionError())).toBe("read ECONNRESET (127.0.0.1:1)");
  expect(describeFailure(Object.assign(new Error(""), { code: "ECONNREFUSED" }))).toBe("ECONNREFUSED");
  expect(createKafkaError("t", createConnectionError()).code).toBe("unavailable");
});

test("an error of our own stays what it is", () => {
  const own = new KafkaError("closed", "it was closed");
  expect(createKafkaError("t", own)).toBe(own);
});
