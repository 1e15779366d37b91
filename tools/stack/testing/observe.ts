// What a test sees of a server from outside.
import { connect } from "node:net";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The scratch folder that a server's command line names. */
export async function findFolder(pid: number | undefined): Promise<string> {
  const { stdout } = await promisify(execFile)("ps", ["-ww", "-o", "args=", "-p", String(pid)]);
  const folder = /\/\S*postrider-stack-\w+/.exec(stdout)?.[0];
  if (folder === undefined) throw new Error(`the command of process ${pid ?? "(none)"} names no folder: ${stdout}`);
  return folder;
}

/** Whether anything listens at host:port. */
export async function isListening(address: string): Promise<boolean> {
  const [host, port] = address.split(":");
  return await new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
