import type { Setting } from "@postrider/kit-config";

/** The variable that names the database, for messages that say what to change. */
export const DATABASE_URL_VARIABLE = "POSTRIDER_DATABASE_URL";

/** How a service finds its database. */
export const POSTGRES_SETTINGS: { readonly databaseUrl: Setting<string> } = {
  databaseUrl: {
    variable: DATABASE_URL_VARIABLE,
    fallback: "postgres://postrider@127.0.0.1:5432/postrider",
    doc: "The PostgreSQL database (14 or later, UTF-8), as `postgres://user:password@host:5432/name`; `?sslmode=verify-full` encrypts the connection. Tables are made at start.",
    isSecret: true,
    parse: (text) =>
      /^postgres(ql)?:\/\//.test(text)
        ? { kind: "value", value: text }
        : { kind: "wrong", wanted: "a URL such as postgres://user:password@127.0.0.1:5432/postrider" },
  },
};
