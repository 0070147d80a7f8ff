/** Expected shipments from a file: CSV by its ending, JSON otherwise. */
import type { Ledger } from '../api/http/ledger.ts';
import { ConfigError, readText } from './config.ts';

export async function loadShipmentsFile(
  ledger: Pick<Ledger, 'loadShipments'>,
  file: string,
): Promise<string[]> {
  const text = readText(file, 'the shipments', 'name a JSON or CSV file');
  const loaded = file.toLowerCase().endsWith('.csv')
    ? await ledger.loadShipments({ form: 'csv', text })
    : await ledger.loadShipments({ form: 'json', value: parseJson(file, text) });
  if (!loaded.ok) throw new ConfigError([`${file}: ${loaded.detail}`]);
  return loaded.ids;
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError([`${file}: not JSON: ${(error as Error).message}`]);
  }
}
