export { accessForEverybody } from "./access-for-everybody.ts";
export { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
