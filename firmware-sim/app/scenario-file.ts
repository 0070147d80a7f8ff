/** Reads a scenario file; a wrong one is refused with file, line, path and what was expected. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseConfig } from '../../protocol/config/yaml-config.ts';
import { type Scenario, scenarioSchema } from '../world/scenario.ts';
import { UsageError } from './usage-error.ts';

export function loadScenario(file: string): Scenario {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `cannot read the scenario ${file}: ${(error as NodeJS.ErrnoException).code ?? error}`,
    );
  }
  const parsed = parseConfig(scenarioSchema, text, basename(file));
  if (!parsed.ok) throw new UsageError(parsed.problems.join('\n'));
  return parsed.value;
}
