import { describeLedgerStore } from "../testing/describe-ledger-store.ts";
import { openOnSqlite } from "../testing/open-on-sqlite.ts";

describeLedgerStore(openOnSqlite);
