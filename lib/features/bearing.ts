import { numberWithin, positiveNumber } from "../numeric";

/**
 * Fault frequencies of a rolling bearing as multiples of the shaft's speed: `ftf` of the cage, `bpfo` and `bpfi` of rollers
 * passing the outer and the inner race, `bsf` of a roller's spin. A fault on a roller hits both races and so shows at
 * twice the spin.
 */
export interface BearingRatios {
  readonly ftf: number;
  readonly bpfo: number;
  readonly bpfi: number;
  readonly bsf: number;
}

export interface BearingGeometry {
  /** Rolling elements, balls or rollers, in one row. */
  readonly rollers: number;
  /** Diameters of a roller and of the circle through the rollers' centres, in the same unit. */
  readonly rollerDiameter: number;
  readonly pitchDiameter: number;
  /** Degrees; 0 for deep-groove bearings under radial load. */
  readonly contactAngle?: number;
}

/**
 * The ratios of a bearing whose outer race stands still, without slip (Randall and Antoni 2011, Mechanical Systems and
 * Signal Processing 25:485, eqs. 1 to 4).
 * @throws RangeError naming the measure and what was expected
 */
export function bearingRatios(geometry: BearingGeometry): BearingRatios {
  const { rollers, rollerDiameter, pitchDiameter, contactAngle = 0 } = geometry;
  if (!Number.isInteger(rollers) || rollers < 3 || rollers > 1000) {
    throw new RangeError(`rollers: expected a whole number from 3 to 1000, got ${rollers}`);
  }
  positiveNumber("rollerDiameter", rollerDiameter);
  positiveNumber("pitchDiameter", pitchDiameter);
  numberWithin("contactAngle", contactAngle, 0, 89);
  if (rollerDiameter >= pitchDiameter) {
    throw new RangeError(
      `rollerDiameter: expected less than the pitch diameter ${pitchDiameter}, got ${rollerDiameter}`,
    );
  }
  const g = (rollerDiameter / pitchDiameter) * Math.cos((contactAngle * Math.PI) / 180);
  return {
    ftf: (1 - g) / 2,
    bpfo: (rollers * (1 - g)) / 2,
    bpfi: (rollers * (1 + g)) / 2,
    bsf: (pitchDiameter / (2 * rollerDiameter)) * (1 - g * g),
  };
}

/**
 * Bearings of well-known recordings, for their owners and for trying out; others by their geometry or by the ratios that
 * the maker's catalogue gives.
 */
export const BEARINGS = {
  // Case Western Reserve University Bearing Data Center, "Bearing Information", drive end and fan end.
  "SKF 6205": { ftf: 0.39828, bpfo: 3.5848, bpfi: 5.4152, bsf: 4.7135 / 2 },
  "SKF 6203": { ftf: 0.3817, bpfo: 3.053, bpfi: 4.9469, bsf: 3.9874 / 2 },
  // IMS, University of Cincinnati, "Readme Document for IMS Bearing Data": 16 rollers, 0.331 and 2.815 in, 15.17 degrees.
  "Rexnord ZA-2115": bearingRatios({ rollers: 16, rollerDiameter: 0.331, pitchDiameter: 2.815, contactAngle: 15.17 }),
  // XJTU-SY (Wang, Lei, Li and Li 2020, IEEE Trans. Reliability 69:401), table of parameters.
  "LDK UER204": bearingRatios({ rollers: 8, rollerDiameter: 7.92, pitchDiameter: 34.55 }),
  // PRONOSTIA (Nectoux et al. 2012): 13 balls of 3.5 mm on a mean diameter of 25.6 mm.
  PRONOSTIA: bearingRatios({ rollers: 13, rollerDiameter: 3.5, pitchDiameter: 25.6 }),
} as const satisfies Readonly<Record<string, BearingRatios>>;

/** What a fault's impacts repeat with, in multiples of the shaft's speed. */
export function faultOrders(ratios: BearingRatios): Readonly<Record<Fault, number>> {
  return { bpfo: ratios.bpfo, bpfi: ratios.bpfi, bsf: 2 * ratios.bsf, ftf: ratios.ftf };
}

/** By the place of the fault: outer race, inner race, roller, cage. */
export type Fault = "bpfo" | "bpfi" | "bsf" | "ftf";
export const FAULTS: readonly Fault[] = ["bpfo", "bpfi", "bsf", "ftf"];
