import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@postrider/kit-lifecycle";
import { openSqlite } from "@postrider/kit-sqlite";
import { deferredSchema } from "./due-table.ts";
import { openSqliteDeferred } from "./open-sqlite-deferred.ts";
import { describeDeferred, type DeferredBench } from "../testing/describe-deferred.ts";

describeDeferred("deferred work in SQLite", async (): Promise<DeferredBench> => {
  const folder = await mkdtemp(join(tmpdir(), "postrider-deferred-"));
  const open = () => openSqlite({ path: join(folder, "deferred.db"), schema: deferredSchema });
  let sqlite = await open();
  return {
    deferred: openSqliteDeferred({ sqlite, clock: systemClock }),
    reopen: async () => {
      await sqlite.close();
      sqlite = await open();
      return openSqliteDeferred({ sqlite, clock: systemClock });
    },
    close: async () => {
      await sqlite.close();
      await rm(folder, { recursive: true });
    },
    latenessMs: 50,
  };
});
