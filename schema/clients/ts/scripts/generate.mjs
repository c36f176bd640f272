// Writes src/contracts/ from schema/*.json: messages, clients and message composers of every contract.
import { cp, mkdtemp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import codegenModule from "@cosmwasm/ts-codegen";

const codegen = codegenModule.default ?? codegenModule;
const here = fileURLToPath(new URL("..", import.meta.url));
const schemas = fileURLToPath(new URL("../../..", import.meta.url));

const scratch = await mkdtemp(join(tmpdir(), "lyceum-clients-"));
try {
  // Each contract in a folder of its own, which holds its main schema file and nothing else: the generator takes
  // every other JSON file for a contract too.
  const contracts = [];
  for (const file of (await readdir(schemas)).filter((f) => f.endsWith(".json")).sort()) {
    const name = file.slice(0, -".json".length);
    const dir = join(scratch, "in", name);
    await mkdir(dir, { recursive: true });
    await cp(join(schemas, file), join(dir, file));
    contracts.push({ name: name[0].toUpperCase() + name.slice(1), dir });
  }
  const out = join(scratch, "out");
  await codegen({
    contracts,
    outPath: out,
    options: {
      bundle: { enabled: false },
      client: { enabled: true, execExtendsQuery: true },
      messageComposer: { enabled: true },
      messageBuilder: { enabled: false },
      reactQuery: { enabled: false },
      recoil: { enabled: false },
      types: { enabled: true },
      useShorthandCtor: true,
    },
  });
  for (const file of await readdir(out)) {
    const text = (await readFile(join(out, file), "utf8"))
      // Node resolves relative imports by their file's full name.
      .replace(/(from "\.\/[^"]+)"/g, '$1.js"')
      // An interface's methods need no pattern for their argument.
      .replace(/(: \(){[^}]*}(: {)/g, "$1args$2")
      // A field of this name cannot be a variable of it, and the generator writes both at once.
      .replace(/^( +)(class)(,?)$/gm, "$1$2: $2_$3");
    await writeFile(join(out, file), text);
  }
  await writeFile(join(out, "index.ts"), index(contracts.map((c) => c.name)));
  const target = join(here, "src", "contracts");
  await rm(target, { recursive: true, force: true });
  await cp(out, target, { recursive: true });
} finally {
  await rm(scratch, { recursive: true, force: true });
}

// Clients and composers carry their contract's name; types do not, so each contract's are in a namespace of its own.
function index(names) {
  const lines = names.flatMap((name) => [
    `export * from "./${name}.client.js";`,
    `export * from "./${name}.message-composer.js";`,
    `export * as ${name} from "./${name}.types.js";`,
  ]);
  return lines.join("\n") + "\n";
}
