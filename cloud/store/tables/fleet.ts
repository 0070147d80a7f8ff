/** The gateways that may deliver, and what each last said of itself. */
import type { Generated } from 'kysely';

interface GatewaysTable {
  id: string;
  created_at: number;
  revoked_at: number | null;
  state: Generated<string>;
  state_at: number | null;
  last_batch_at: number | null;
}

export interface FleetTables {
  gateways: GatewaysTable;
}
