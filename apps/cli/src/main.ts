#!/usr/bin/env node
import { loadConfig } from "./config.ts";
import { runCli } from "./create-cli.ts";

// A reader that closes the pipe early (`postrider ... | head`) has seen enough: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const { stdin, stdout, stderr } = process;
process.exitCode = await runCli(process.argv.slice(2), { config: loadConfig(), stdin, stdout, stderr });
