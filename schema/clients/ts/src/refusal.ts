// What a chain wraps around a contract's words, seen with wasmd 0.61 on broadcasting, on simulating and on querying.
const WRAPPINGS = [
  /failed to execute message; message index: \d+: (?<words>[\s\S]*?): (?:execute|instantiate) wasm contract failed/,
  /(?:rpc error: code = \w+ desc = )?(?<words>[\s\S]*?): (?:query|execute|instantiate) wasm contract failed/,
];

/**
 * The reason of a refusal in the contract's own words, for showing to a person.
 *
 * @param error what CosmJS threw: a `BroadcastTxError`, or the error of a simulation or a query
 * @returns the contract's words, or the whole message where there are none
 */
export function refusal(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  for (const wrapping of WRAPPINGS) {
    const words = wrapping.exec(text)?.groups?.["words"];
    if (words !== undefined) return words.replace(/^(?:Query failed with \(\d+\): )?(?:rpc error: code = \w+ desc = )?/, "");
  }
  return text;
}
