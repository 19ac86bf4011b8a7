import { awsContracts } from './aws-contracts.ts';
import { ministackServer } from './ministack.ts';

awsContracts(ministackServer, {
  'stage > never gives a version that another text had':
    'a token with another value overwrites the version that has it',
});
