import {execFileSync} from 'node:child_process';
import {mkdtempSync, realpathSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {build} from '../build.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A built copy of another state of the project, in a temporary folder. */
export interface Worktree {
  /** The commit in short. */
  readonly commit: string;
  readonly folder: string;
  remove(): void;
}

function git(...args: string[]): string {
  return execFileSync('git', args, {cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}).trim();
}

/** What this tree is: its commit, and whether it has changes that are not committed. */
export function describeTree(): string {
  const commit = git('rev-parse', '--short', 'HEAD');
  return git('status', '--porcelain', 'src') === '' ? commit : `${commit} with uncommitted changes`;
}

/**
 * Checks out a git ref into a temporary worktree and builds it, with the packages that this tree has.
 *
 * @throws Error when git knows no such ref, or the build fails
 */
export function buildWorktree(ref: string): Worktree {
  let commit: string;
  try {
    commit = git('rev-parse', '--short', '--verify', '--end-of-options', `${ref}^{commit}`);
  } catch (error) {
    throw new Error(`git knows no commit named ${JSON.stringify(ref)}`, {cause: error});
  }
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'aiofetch-against-')));
  const remove = () => {
    rmSync(folder, {recursive: true, force: true});
    git('worktree', 'prune');
  };
  try {
    git('worktree', 'add', '--quiet', '--detach', '--force', folder, commit);
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    build(folder, false);
  } catch (error) {
    remove();
    throw error;
  }
  return {commit, folder, remove};
}
