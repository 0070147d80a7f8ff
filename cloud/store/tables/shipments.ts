/** Expected shipments, what came for them, and the master data that came with them. */
import type { Generated } from 'kysely';

export interface ShipmentsTable {
  id: string;
  kind: 'inbound' | 'outbound';
  reference: string;
  partner: Generated<string>;
  read_point: string;
  expected_from: number;
  expected_to: number;
  loaded_at: number;
}

export interface ShipmentLinesTable {
  shipment: string;
  line: number;
  gtin: string | null;
  sscc: string | null;
  lot: string | null;
  expiry: string | null;
  quantity: number;
}

export interface ShipmentTagsTable {
  shipment: string;
  epc: string;
  line: number;
}

export interface ShipmentMatchesTable {
  shipment: string;
  epc: string;
  occurred_at: number;
  occurred_key: string;
  pass_id: string;
  line: number | null;
  counted: boolean;
}

export interface TagMasterTable {
  epc: string;
  lot: string | null;
  expiry: string | null;
  shipment: string | null;
}

interface ItemsTable {
  gtin: string;
  name: string;
  sku: string | null;
}

export interface ShipmentsTables {
  shipments: ShipmentsTable;
  shipment_lines: ShipmentLinesTable;
  shipment_tags: ShipmentTagsTable;
  shipment_matches: ShipmentMatchesTable;
  tag_master: TagMasterTable;
  items: ItemsTable;
}
