// A real Vault core for tests: in memory, unsealed, on loopback, over plain HTTP and over TLS with a certificate of its
// own. It prints one line of JSON that says where it is and how to get in, and ends when its standard input does.
//
// Vault is under the Business Source License. This program is for tests only; nothing of it is shipped.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	jwt "github.com/hashicorp/vault-plugin-auth-jwt"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/builtin/credential/approle"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

var logins = map[string]logical.Factory{
	"approle":    approle.Factory,
	"jwt":        jwt.Factory,
	"kubernetes": kubernetes.Factory,
}

var engines = map[string]logical.Factory{"kv": kv.Factory}

// builtins tells the core which plugins it has inside.
type builtins struct{}

func of(kind consts.PluginType) map[string]logical.Factory {
	switch kind {
	case consts.PluginTypeCredential:
		return logins
	case consts.PluginTypeSecrets:
		return engines
	default:
		return nil
	}
}

func (builtins) Contains(name string, kind consts.PluginType) bool {
	_, found := of(kind)[name]
	return found
}

func (builtins) Get(name string, kind consts.PluginType) (func() (interface{}, error), bool) {
	factory, found := of(kind)[name]
	return func() (interface{}, error) { return factory, nil }, found
}

func (builtins) Keys(kind consts.PluginType) []string {
	var names []string
	for name := range of(kind) {
		names = append(names, name)
	}
	return names
}

func (b builtins) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, b.Contains(name, kind)
}

func (builtins) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// certificate makes an authority and a certificate for 127.0.0.1 from it.
func certificate() (tls.Certificate, string) {
	until := time.Now().Add(24 * time.Hour)
	authorityKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authorityBytes := must(x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey))
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "vault"}, NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	leafBytes := must(x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, authorityKey))
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityBytes})
	return tls.Certificate{Certificate: [][]byte{leafBytes}, PrivateKey: key}, string(text)
}

func main() {
	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: os.Stderr})
	storage := must(inmem.NewInmem(nil, logger))
	core := must(vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		Logger:             logger,
		DisableMlock:       true,
		LogicalBackends:    engines,
		CredentialBackends: logins,
		BuiltinRegistry:    builtins{},
	}))
	one := &vault.SealConfig{SecretShares: 1, SecretThreshold: 1}
	made := must(core.Initialize(context.Background(), &vault.InitParams{BarrierConfig: one, RecoveryConfig: one}))
	must(core.Unseal(made.SecretShares[0]))

	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	secured := must(net.Listen("tcp", "127.0.0.1:0"))
	pair, authority := certificate()
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{
		Core:           core,
		ListenerConfig: &configutil.Listener{Address: listener.Addr().String()},
	})
	go http.Serve(listener, handler)
	go http.Serve(tls.NewListener(secured, &tls.Config{Certificates: []tls.Certificate{pair}}), handler)

	err := json.NewEncoder(os.Stdout).Encode(map[string]string{
		"url":       "http://" + listener.Addr().String(),
		"tlsUrl":    "https://" + secured.Addr().String(),
		"authority": authority,
		"rootToken": made.RootToken,
		"unsealKey": base64.StdEncoding.EncodeToString(made.SecretShares[0]),
	})
	if err != nil {
		log.Fatal(err)
	}
	// Whoever started this ends it by closing its input; so it also ends when its starter was killed.
	io.Copy(io.Discard, os.Stdin)
}
