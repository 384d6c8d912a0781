/**
 * A scenario: devices, what their sensors measure, and the events planted in it that a flow must find. All times are
 * seconds since the simulation's start.
 */
export interface Scenario {
  readonly name: string;
  readonly description?: string;
  /** Two simulations of one seed are the same. */
  readonly seed: number;
  readonly devices: readonly DeviceSpec[];
}

export interface DeviceSpec {
  readonly id: string;
  /** Seconds between two messages. */
  readonly interval: number;
  readonly sensors: readonly SensorSpec[];
  readonly events: readonly EventSpec[];
  /** Sent with every message: where the device is, what it is. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface SensorSpec {
  readonly type: string;
  /** UCUM code. */
  readonly unit: string;
  readonly curve: Curve;
  /** Standard deviation of the measurement noise, in the sensor's unit. */
  readonly noise?: number;
  /** Slow random change by up to `amount`, over about `period` seconds. */
  readonly wander?: { readonly amount: number; readonly period: number };
  readonly min?: number;
  readonly max?: number;
  /** Digits after the point; 2 by default. */
  readonly decimals?: number;
  /** The value is true from 0.5 on. */
  readonly boolean?: boolean;
}

/** What a sensor would read without noise and events. `phase` is a fraction of the period. */
export type Curve =
  | { readonly kind: "constant"; readonly value: number }
  | {
      readonly kind: "sine";
      readonly mean: number;
      readonly amplitude: number;
      readonly period: number;
      readonly phase?: number;
    }
  /** Half of the period a half sine up to `peak`, the other half nothing. */
  | { readonly kind: "daylight"; readonly peak: number; readonly period: number; readonly phase?: number }
  | {
      readonly kind: "sawtooth";
      readonly from: number;
      readonly to: number;
      readonly period: number;
      readonly phase?: number;
    }
  /** High for the share `duty` of the period, then low. */
  | {
      readonly kind: "square";
      readonly low: number;
      readonly high: number;
      readonly period: number;
      readonly duty: number;
      readonly phase?: number;
    };

interface Occurring {
  /** First time it begins. */
  readonly at: number;
  readonly duration: number;
  /** Begins again this often; missing when it happens once. */
  readonly every?: number;
}

export type EventSpec =
  /** Adds `amount`: a spike is short, a step long. */
  | (Occurring & { readonly kind: "spike" | "step"; readonly sensor: string; readonly amount: number })
  /** Adds more and more, `amount` at the end. */
  | (Occurring & { readonly kind: "drift"; readonly sensor: string; readonly amount: number })
  /** Goes to `value` within `ramp` seconds, stays, and comes back within as many. */
  | (Occurring & { readonly kind: "excursion"; readonly sensor: string; readonly value: number; readonly ramp: number })
  /** Repeats the value at which it began. */
  | (Occurring & { readonly kind: "stuck"; readonly sensor: string })
  /** The device loses its connection; the broker sends its last will. */
  | (Occurring & { readonly kind: "dropout" });

export type SensorEvent = Exclude<EventSpec, { readonly kind: "dropout" }>;
