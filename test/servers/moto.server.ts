import { awsContracts } from './aws-contracts.ts';
import { motoServer } from './moto.ts';

awsContracts(motoServer, {
  'promote > of what was never staged is refused': 'a move that is refused has taken the label off already',
  'keep > holds what a stranger made current': 'a new version takes all labels off the one before the last',
  'of two who write one segment at once lets one win':
    'a label that another version has is moved without being told from where',
});
