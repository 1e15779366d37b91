export { createLedger, type Ledger } from "./create-ledger.ts";
export { LEDGER_SETTINGS } from "./ledger-settings.ts";
export { sqliteLedgerSchema } from "./store/ledger-schema.ts";
export { openSqliteLedgerStore } from "./store/sqlite-ledger-store.ts";
