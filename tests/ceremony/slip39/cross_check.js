// What we split another SLIP-39 program joins, and the other way round: with the npm package slip39.
// Usage: node cross_check.js PACKAGE_FOLDER BUILD_FOLDER
"use strict";
const assert = require("assert");
const { spawnSync } = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const os = require("os");
const path = require("path");

const [packageFolder, buildFolder] = process.argv.slice(2).map((name) => path.resolve(name));
const Slip39 = require(packageFolder);

function run(program, args, input) {
    const done = spawnSync(path.join(buildFolder, program), args, { input, encoding: "utf8" });
    assert.strictEqual(done.status, 0, `${program} ${args.join(" ")}: ${done.stderr}`);
    return done.stdout.trimEnd();
}

function randomOf(list) {
    return list[crypto.randomInt(list.length)];
}

// So many of the list, in any order.
function choose(list, count) {
    const left = [...list];
    return Array.from({ length: count }, () => left.splice(crypto.randomInt(left.length), 1)[0]);
}

function weSplitItJoins(bytes, threshold, parts, exponent) {
    const hex = crypto.randomBytes(bytes).toString("hex");
    const args = ["split", "--threshold", threshold, "--parts", parts, "--exponent", exponent];
    const lines = run("guardianctl", args.map(String), hex).split("\n");
    assert.strictEqual(lines.length, parts);
    lines.forEach((line) => assert(Slip39.validateMnemonic(line)));
    const joined = Slip39.recoverSecret(choose(lines, threshold), "");
    assert.strictEqual(Buffer.from(joined).toString("hex"), hex);
}

function itSplitsWeJoin(bytes, groups, groupThreshold, exponent, extendable, passphrase) {
    const secret = crypto.randomBytes(bytes);
    const split = Slip39.fromArray([...secret], {
        passphrase,
        threshold: groupThreshold,
        groups: groups.map(([threshold, count]) => [threshold, count, ""]),
        iterationExponent: exponent,
        extendableBackupFlag: extendable,
    });
    const chosen = choose([...groups.keys()], groupThreshold).flatMap((index) =>
        choose(split.fromPath(`r/${index}`).mnemonics, groups[index][0]));
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "cross_check."));
    const file = path.join(folder, "passphrase");
    fs.writeFileSync(file, passphrase + "\n");
    const args = passphrase === "" ? [] : ["--passphrase-file", file];
    assert.strictEqual(run("guardian-combine", args, choose(chosen, chosen.length).join("\n")),
                       secret.toString("hex"));
    fs.rmSync(folder, { recursive: true });
}

let passed = 0;
for (const bytes of [16, 32]) {
    for (const [threshold, parts] of [[2, 2], [2, 3], [3, 5], [8, 16], [16, 16]]) {
        for (const exponent of [0, 1, 2]) {
            weSplitItJoins(bytes, threshold, parts, exponent);
            passed++;
        }
    }
}
const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");
for (const bytes of [16, 18, 32, 48, 64]) {
    for (const [groups, groupThreshold] of [
        [[[2, 3]], 1], [[[1, 1]], 1], [[[3, 5]], 1], [[[1, 1], [2, 3], [3, 5]], 2],
        [[[2, 2], [2, 3]], 1], [[[1, 1], [1, 1], [5, 7], [16, 16]], 4],
    ]) {
        for (const extendable of [0, 1]) {
            const passphrase = randomOf(["", "TREZOR", printable]);
            itSplitsWeJoin(bytes, groups, groupThreshold, crypto.randomInt(3), extendable,
                           passphrase);
            passed++;
        }
    }
}

// The same work, in one run: 3 parts of 256 bits, exponent 1.
const lines = run("guardianctl", ["split", "--threshold", "3", "--parts", "3"],
                  crypto.randomBytes(32).toString("hex")).split("\n");
const times = Array.from({ length: 20 }, () => {
    const begin = process.hrtime.bigint();
    Slip39.recoverSecret(lines, "");
    return Number(process.hrtime.bigint() - begin) / 1e6;
}).sort((a, b) => a - b);
console.log(`npm slip39 joins 3 parts of 256 bits, exponent 1: ${times[10].toFixed(2)} ms`);
console.log(`${passed} passed, 0 failed`);
