import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { throughJson } from "../../../test/support/series";
import { seededRandom } from "../../train/random";
import { CutTree } from "./cut-tree";

type Saved = { ages: number[]; points: number[]; tree: number[] };
type Node = {
  mass: number;
  leaf?: number;
  left?: Node;
  right?: Node;
  dimension?: number;
  cut?: number;
  points: number[][];
};

/** The tree as nodes, from its snapshot. */
function nodesOf(tree: CutTree): Node {
  const { ages, points, tree: saved } = throughJson(tree.snapshot()) as Saved;
  let at = 0;
  const build = (): Node => {
    const [dimension, value] = [saved[at++]!, saved[at++]!];
    if (dimension === -1) {
      const point = points.slice(value * tree.sensors, (value + 1) * tree.sensors);
      return { mass: ages.filter((age) => age === value).length, leaf: value, points: [point] };
    }
    const [left, right] = [build(), build()];
    return {
      mass: left.mass + right.mass,
      left,
      right,
      dimension,
      cut: value,
      points: [...left.points, ...right.points],
    };
  };
  return build();
}

/** Section 3 of Guha et al.: the most points moved for each point of a group that holds `point`, over such groups. */
function collusiveDisplacement(node: Node, point: readonly number[]): number {
  if (!node.left || !node.right) return 0;
  const holds = (side: Node): boolean => side.points.some((known) => known.every((value, j) => value === point[j]));
  const [own, other] = holds(node.left) ? [node.left, node.right] : [node.right, node.left];
  return Math.max(other.mass / own.mass, collusiveDisplacement(own, point));
}

const filled = (points: readonly (readonly number[])[], capacity: number, seed: number): CutTree => {
  const tree = new CutTree(points[0]?.length ?? 2, capacity);
  const random = seededRandom(seed);
  for (const point of points) tree.push(Float32Array.from(point), random.uniform);
  return tree;
};

const points = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })), {
  minLength: 1,
  maxLength: 60,
});

describe("random cut tree", () => {
  it("holds the latest points, each on its side of every cut", () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 2, max: 20 }), fc.nat(), (input, capacity, seed) => {
        const tree = filled(input, capacity, seed);
        const latest = input.slice(-capacity);
        expect(tree.count).toBe(latest.length);
        const root = nodesOf(tree);
        expect(root.mass).toBe(latest.length);
        const distinct = new Set(latest.map(String));
        expect(new Set(root.points.map(String))).toEqual(distinct);
        const check = ({ left, right, dimension, cut }: Node): void => {
          if (!left || !right) return;
          expect(left.points.every((point) => point[dimension!]! <= cut!)).toBe(true);
          expect(right.points.every((point) => point[dimension!]! > cut!)).toBe(true);
          check(left);
          check(right);
        };
        check(root);
      }),
    );
  });

  it("expects the displacement that putting the point in has on average", () => {
    const random = seededRandom(7);
    const cloud = Array.from({ length: 40 }, () => [Math.fround(random.normal()), Math.fround(random.normal())]);
    const tree = filled(cloud, 64, 1);
    for (const point of [
      [0.5, -0.25],
      [4, 0],
      [-2, 9],
    ]) {
      const state = throughJson(tree.snapshot());
      let sum = 0;
      const times = 3000;
      for (let i = 0; i < times; i++) {
        const copy = new CutTree(2, 64);
        copy.restore(state);
        copy.push(Float32Array.from(point), random.uniform);
        sum += collusiveDisplacement(nodesOf(copy), point);
      }
      const expected = tree.displacement(Float32Array.from(point));
      // The mean of 3000 has a standard error of some 2 %.
      expect(Math.abs(sum / times / expected - 1)).toBeLessThan(0.1);
    }
  });

  it("finds a far point displacing, by the coordinate in which it is far", () => {
    const random = seededRandom(3);
    const cloud = Array.from({ length: 100 }, () => [random.normal(), random.normal()]);
    const tree = filled(cloud, 128, 4);
    const shares = new Float64Array(2);
    const far = tree.displacement(Float32Array.of(0, 50), shares);
    expect(far).toBeGreaterThan(10 * tree.displacement(Float32Array.of(0, 0)));
    expect(shares[1]).toBeGreaterThan(20 * shares[0]!);
  });

  it("of equal points is one leaf, which a different point displaces as a whole", () => {
    const tree = filled(
      [
        [1, 1],
        [1, 1],
        [1, 1],
      ],
      8,
      1,
    );
    expect(tree.displacement(Float32Array.of(1, 1))).toBe(0);
    expect(tree.displacement(Float32Array.of(2, 1))).toBe(3);
  });

  it("goes on after snapshot and restore as if never stopped", () => {
    fc.assert(
      fc.property(points, points, fc.integer({ min: 2, max: 20 }), (before, after, capacity) => {
        const whole = filled(before, capacity, 1);
        const restored = new CutTree(2, capacity);
        restored.restore(throughJson(whole.snapshot()));
        const [a, b] = [seededRandom(9), seededRandom(9)];
        for (const point of after) {
          const next = Float32Array.from(point);
          expect(restored.displacement(next)).toBe(whole.displacement(next));
          whole.push(next, a.uniform);
          restored.push(next, b.uniform);
        }
        expect(restored.snapshot()).toEqual(whole.snapshot());
      }),
    );
  });

  it.each<[string, Partial<Saved>]>([
    ["ages beyond the points", { ages: [0, 1, 9] }],
    ["cuts of another number of leaves", { tree: [-1, 0] }],
    ["a leaf that comes twice", { tree: [0, 0.5, -1, 0, -1, 0] }],
    ["a coordinate that is none", { tree: [7, 0.5, -1, 0, -1, 1] }],
  ])("refuses a saved tree with %s", (_, damage) => {
    const good: Saved = { ages: [0, 1], points: [0, 0, 1, 1], tree: [0, 0.5, -1, 0, -1, 1] };
    new CutTree(2, 4).restore(good);
    expect(() => new CutTree(2, 4).restore({ ...good, ...damage })).toThrow(/^tree/);
  });
});
