#!/usr/bin/env node
require('../dist/keyturn.cjs');
