import { Writable } from "node:stream";
import { EventStoreError } from "@postrider/kit-event-store";
import { expect, test } from "vitest";
import { answerStream } from "./answer.ts";

type Call = Parameters<ReturnType<typeof answerStream<string, string>>>[0];

test("a store that can't be used is told as UNAVAILABLE", async () => {
  const stream = new Writable({ objectMode: true });
  const call = Object.assign(stream, { request: "all", getPath: () => "/test" }) as unknown as Call;
  const failed = new Promise((resolve) => call.once("error", resolve));
  answerStream(() => {
    throw new EventStoreError("unavailable", "closed");
  })(call);
  expect(await failed).toMatchObject({ code: 14 });
});
