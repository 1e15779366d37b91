/** The path of a Python that has what requirements.txt asks for. Rejects with what is missing. */
export function prepareFlask(): Promise<string>;
