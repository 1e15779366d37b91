export { startAdminServer, type AdminServer, type AdminServerOptions } from "./admin-server.ts";
export { createLogger, LOG_LEVELS, type Logger, type LogLevel } from "./logger.ts";
export { createRegistry } from "./registry.ts";
