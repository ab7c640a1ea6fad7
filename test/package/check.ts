import {spawnSync} from 'node:child_process';

// `package` and `size` check the files that `build` writes to dist.
const steps = ['lint', 'types', 'layers', 'unused', 'build', 'package', 'size'];
const failed: string[] = [];

for (const step of steps) {
  if (failed.includes('build')) break;
  console.log(`\n== ${step}`);
  // A shell, since npm is a .cmd file on Windows. The command contains no input from outside.
  const {status} = spawnSync(`npm run --silent ${step}`, {stdio: 'inherit', shell: true});
  if (status !== 0) {
    failed.push(step);
    console.error(`== ${step} FAILED`);
  }
}

console.log(failed.length > 0 ? `\ncheck failed: ${failed.join(', ')}` : '\ncheck: all steps passed');
process.exitCode = failed.length > 0 ? 1 : 0;
