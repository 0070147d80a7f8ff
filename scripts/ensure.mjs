// Runs before every command of package.json, on whatever Node the machine has (>= 18).
// Installs the locked dependencies when they are missing or older than the lockfile; Node 24 itself is one of them.
// Install scripts stay off: every native part ships prebuilt.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const installed = join(root, 'node_modules', '.package-lock.json');
const upToDate =
  existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;

if (!upToDate) {
  process.stderr.write('Tallyport: installing dependencies (npm ci), once …\n');
  const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) {
    process.stderr.write(
      'Tallyport: npm ci failed (see above). Check that the npm registry is reachable, then run the command again.\n',
    );
    process.exit(result.status ?? 1);
  }
}
