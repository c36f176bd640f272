// What CosmJS and a chain put before the words of who refused, outermost first, as seen with CosmJS 0.38 and wasmd 0.61
// on simulating, on querying, on a node's refusal to take a transaction, and on executing one.
const BEFORE = [
  /^Query failed with \(\d+\): /,
  /^Error when broadcasting tx [0-9A-F]+ at height \d+\. Code: \d+; Raw log: /,
  /^Broadcasting transaction failed with code \d+ \(codespace: [^)]*\)\. Log: /,
  /^rpc error: code = \w+ desc = /,
  /^failed to execute message; message index: \d+: /,
  /^(?:dispatch: |submessages: )+/,
];
// What they put after the words, of which the first counts.
const AFTER = [
  /: (?:execute|query|instantiate|migrate|reply) wasm contract failed/,
  / \[(?:CosmWasm\/wasmd|cosmos\/cosmos-sdk)@/,
];
// What wasmd leaves of the words of a contract that was called by the one whose reply handles its errors.
const HIDDEN = /^codespace: \w+, code: \d+$/;

/**
 * The reason of a refusal in the words of who refused, for showing to a person: the contract's own, or the chain's
 * where no contract was asked.
 *
 * @param error what CosmJS threw on simulating, broadcasting or querying, or the raw log of a transaction
 * @returns the words, or the whole message where nothing is wrapped around them
 */
export function refusal(error: unknown): string {
  const whole = error instanceof Error ? error.message : String(error);
  let words = whole;
  for (const before of BEFORE) words = words.replace(before, "");
  for (const after of AFTER) {
    const at = words.search(after);
    if (at >= 0) words = words.slice(0, at);
  }
  words = words.trim();
  if (HIDDEN.test(words)) return `${words} (the chain hides the words of a contract that was called by this one)`;
  return words === "" ? whole : words;
}
