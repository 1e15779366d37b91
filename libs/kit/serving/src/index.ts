export { servingSettings, type ServingSettings } from "./serving-settings.ts";
export { closedAtEnd, startServing, type Door, type Serving, type ServingOptions } from "./start-serving.ts";
