import {execSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

/** Packs the tarball as it would be published, and checks it with publint and attw, which read it as consumers do. */
const folder = mkdtempSync(join(tmpdir(), 'aiofetch-pack-'));
try {
  const [packed] = JSON.parse(
    execSync(`npm pack --ignore-scripts --json --pack-destination "${folder}"`, {encoding: 'utf8'}),
  ) as [{filename: string; size: number; files: {path: string}[]}];
  const tarball = join(folder, packed.filename);

  const strays = packed.files
    .map(({path}) => path)
    .filter(
      (path) => !/^(dist|src)\/|^(package\.json|README\.md|CHANGELOG\.md|SECURITY\.md|LICENSE)$/.test(path),
    );
  if (strays.length > 0) throw new Error(`The tarball holds ${strays.join(', ')}`);
  console.log(`${packed.filename}: ${packed.files.length} files, ${Math.round(packed.size / 1024)} kB`);

  execSync(`publint run "${tarball}" --strict`, {stdio: 'inherit'});
  execSync(`attw "${tarball}" --profile esm-only --no-definitely-typed --no-summary --format table-flipped`, {
    stdio: 'inherit',
  });
} finally {
  rmSync(folder, {recursive: true});
}
