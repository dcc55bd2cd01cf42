// Looks at the package as a user gets it: what is in it, where its links lead, what a bundler makes of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [packed] = JSON.parse(
  execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' }),
);
const files = new Set(packed.files.map(({ path }) => path));

// What is in it.
for (const file of files)
  assert.ok(!/\.map$|^(src|test|bench)\/|\.tsx?$(?<!\.d\.ts)/.test(file), `${file} is packed`);
for (const file of [...files].filter((one) => one.startsWith('dist/') && one.endsWith('.js'))) {
  assert.ok(
    !readFileSync(join(root, file), 'utf8').includes('sourceMappingURL'),
    `${file} names a source map`,
  );
}
for (const { types, default: code } of Object.values(manifest.exports).filter(
  (one) => typeof one === 'object',
)) {
  for (const file of [types, code]) assert.ok(files.has(posix.normalize(file)), `${file} is not packed`);
}
assert.ok(manifest.keywords.length >= 5 && manifest.description.length > 20, 'keywords and a description');
assert.match(manifest.repository.url, /^git\+https:\/\/\S+\.git$/);
// The name ends in .invalid as long as nobody has said where the repository is: reserved, so that it leads nowhere.
if (process.argv.includes('--publish')) {
  assert.ok(!manifest.repository.url.includes('.invalid'), 'say in package.json where the repository is');
}

// Links of every document lead to something that is packed, and its commands exist.
const documents = [...files].filter((file) => file.endsWith('.md'));
assert.ok(documents.includes('README.md'));
for (const file of documents) {
  const text = readFileSync(join(root, file), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^(https?:|#|mailto:)/.test(target)) continue;
    const path = posix.join(posix.dirname(file), target.replace(/#.*$/, ''));
    // A link to a folder is right if anything in it is packed.
    const isPacked = path.endsWith('/') ? [...files].some((one) => one.startsWith(path)) : files.has(path);
    assert.ok(isPacked, `${file} links to ${target}, which is not packed`);
  }
}
const readme = readFileSync(join(root, 'README.md'), 'utf8');
for (const [, script] of readme.matchAll(/npm run ([\w:-]+)/g)) {
  assert.ok(manifest.scripts[script] !== undefined, `README: no script ${script}`);
}
assert.match(readme, /npm install corral/);

// What a bundle weighs, minified, with everything it stands on.
const weigh = async (code) => {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    write: false,
  });
  return outputFiles[0].contents.length;
};
const one = await weigh(
  "import { serverTopology } from 'corral'; import box from 'corral/topologies/dgx2.json'; console.log(serverTopology(box))",
);
const byName = await weigh("import { topology } from 'corral/topologies'; console.log(topology('dgx2'))");
const whole = await weigh(
  "import { clusterTopology, compile } from 'corral'; console.log(compile, clusterTopology)",
);
// Of these, graphology takes 67 kB. All server types as JSON would be 425 kB more.
assert.ok(one < 150_000, `one server type: ${one} bytes`);
assert.ok(byName < 180_000, `topology(name): ${byName} bytes`);
assert.ok(whole < 400_000, `compile and clusterTopology: ${whole} bytes`);
console.log(
  `${files.size} files, ${Math.round(packed.size / 1000)} kB packed; bundles of ${[one, byName, whole].map((bytes) => Math.round(bytes / 1000)).join(', ')} kB`,
);
