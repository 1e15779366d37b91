import type { ServiceProcess } from "../../services/service-process.ts";

/** The sum of a metric over its labels, as the process tells it on its admin port. */
export async function readMetric({ adminAddress }: ServiceProcess, name: string): Promise<number> {
  const response = await fetch(`http://${adminAddress}/metrics`);
  const lines = (await response.text()).split("\n");
  const values = lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
