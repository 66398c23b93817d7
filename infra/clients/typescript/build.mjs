// Builds dist/ from src/. npm runs it as `prepare`: in this folder, and where a program installs the package from this folder (`npm install
// file:…`). Then npm installs no tools of this package, so TypeScript is installed here first, as package-lock.json pins it.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const run = (program, ...words) => execFileSync(program, words, { cwd: folder, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });

if (!existsSync(`${folder}node_modules/typescript`)) {
  // npm sets options of the outer command for its scripts, which are not meant for this one.
  for (const name of Object.keys(process.env)) if (/^npm_config_(global|location|prefix|local_prefix|dry_run|package_lock_only|install_links|omit|include|save.*)$/i.test(name)) delete process.env[name];
  run('npm', 'ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error');
}
rmSync(`${folder}dist`, { recursive: true, force: true });
run(process.execPath, 'node_modules/typescript/bin/tsc', '-p', '.');
