/**
 * Whether host:port, or a host alone, is this machine's own. By what is written: a name that leads to loopback today may lead
 * elsewhere tomorrow, `localhost` aside.
 */
export function isLoopbackAddress(address: string): boolean {
  return /^(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d+)?$/i.test(address);
}
