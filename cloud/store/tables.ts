/**
 * All tables as TypeScript sees them, by who writes them; the schema is migrations/. int8 is a number on both engines
 * (see database.ts).
 */
import type { AccessTables } from './tables/access.ts';
import type { ColdchainTables } from './tables/coldchain.ts';
import type { EnrolmentTables } from './tables/enrolment.ts';
import type { ExceptionsTables } from './tables/exceptions.ts';
import type { FleetTables } from './tables/fleet.ts';
import type { IngestTables } from './tables/ingest.ts';
import type { ProjectionsTables } from './tables/projections.ts';
import type { ShipmentsTables } from './tables/shipments.ts';

export interface Tables
  extends FleetTables,
    EnrolmentTables,
    IngestTables,
    ProjectionsTables,
    ColdchainTables,
    ExceptionsTables,
    ShipmentsTables,
    AccessTables {}
