import { readFileSync, writeFileSync, globSync } from "node:fs";
import { dirname, relative } from "node:path";
const pk = globSync(["apps/*/package.json","libs/*/package.json","libs/{domain,kit}/*/package.json","tools/package.json","examples/package.json"]);
const byName = new Map(pk.map(f=>[JSON.parse(readFileSync(f)).name, dirname(f)]));
for (const f of pk) {
  const d = dirname(f), j = JSON.parse(readFileSync(f));
  const refs = Object.keys({...j.dependencies,...j.devDependencies}).filter(n=>byName.has(n)).map(n=>({path:relative(d,byName.get(n))}));
  const up = relative(d,".");
  const flat = d==="tools"||d==="examples";
  const o = { extends: `${up}/tsconfig.base.json`, ...(flat?{compilerOptions:{rootDir:"${configDir}"}, include:["**/*.ts"], exclude:["dist"]}:{}), ...(refs.length?{references:refs}:{}) };
  writeFileSync(d+"/tsconfig.json", JSON.stringify(o,null,2)+"\n");
}
writeFileSync("tsconfig.json", JSON.stringify({files:[],references:[...byName.values()].sort().map(path=>({path}))},null,2)+"\n");
