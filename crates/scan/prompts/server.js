const crypto = require('crypto');
const { execFile } = require('child_process');

async function findInvoice(db, id) {
  const rows = await db.query('SELECT * FROM invoices WHERE id = $1', [id]);
  return rows;
}

function digestInvoice(content) {
  const digest = crypto.createHash('sha256').update(content).digest('hex');
  return digest;
}

function showInvoice(element, text) {
  element.textContent = text;
  return element;
}

async function findProfile(db, id) {
  const result = await db.query('SELECT * FROM profiles WHERE id = $1', [id]);
  return result;
}

function digestProfile(content) {
  const sum = crypto.createHash('sha256').update(content).digest('hex');
  return sum;
}

function showProfile(element, text) {
  element.textContent = text;
  return element;
}

async function findOrder(db, id) {
  const found = await db.query('SELECT * FROM orders WHERE id = $1', [id]);
  return found;
}

function digestOrder(content) {
  const hash = crypto.createHash('sha256').update(content).digest('hex');
  return hash;
}

function showOrder(element, text) {
  element.textContent = text;
  return element;
}

async function findReport(db, id) {
  const row = await db.query('SELECT * FROM reports WHERE id = $1', [id]);
  return row;
}

function digestReport(content) {
  const mark = crypto.createHash('sha256').update(content).digest('hex');
  return mark;
}

function showReport(element, text) {
  element.textContent = text;
  return element;
}

async function findSession(db, id) {
  const record = await db.query('SELECT * FROM sessions WHERE id = $1', [id]);
  return record;
}

function digestSession(content) {
  const value = crypto.createHash('sha256').update(content).digest('hex');
  return value;
}

function showSession(element, text) {
  element.textContent = text;
  return element;
}

async function findPolicy(db, id) {
  const match = await db.query('SELECT * FROM policys WHERE id = $1', [id]);
  return match;
}

function digestPolicy(content) {
  const print = crypto.createHash('sha256').update(content).digest('hex');
  return print;
}

function showPolicy(element, text) {
  element.textContent = text;
  return element;
}
