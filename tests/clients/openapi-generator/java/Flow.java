// The flow of an operator and an integration with the client that openapi-generator (java, library native) generates from infra/openapi.yaml.
// Run by `cargo xtask test clients`, which sets the addresses and keys: BASE_URL, OPERATOR_KEY, and BASE_URL_429 and so on, where
// the gateway itself answers every request. The same steps as the other flows in this folder.

import api.ApiClient;
import api.ApiException;
import api.ApiResponse;
import api.api.CustomersApi;
import api.api.KeysApi;
import api.api.TenantsApi;
import api.model.Customer;
import api.model.CustomerCreation;
import api.model.CustomerPatch;
import api.model.GatewayMessage;
import api.model.IntegrationScope;
import api.model.IssuedKey;
import api.model.KeyCreation;
import api.model.Problem;
import api.model.Tenant;
import api.model.TenantUpsert;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

public class Flow {
  static final String NAME = "by-generated-java";
  static final CustomersApi CUSTOMERS = new CustomersApi(client(System.getenv("OPERATOR_KEY"), "BASE_URL"));

  static ApiClient client(String key, String baseUrl) {
    ApiClient client = new ApiClient();
    client.updateBaseUri(System.getenv(baseUrl));
    client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + key));
    return client;
  }

  static void same(Object actual, Object expected) {
    if (!Objects.equals(actual, expected)) {
      throw new AssertionError(actual + " is not " + expected);
    }
  }

  interface Call {
    Object call() throws ApiException;
  }

  /** Checks that a call is answered with this status; the exception has the body as text. */
  static ApiException refused(int status, Call call) throws ApiException {
    try {
      throw new AssertionError("not refused: " + call.call());
    } catch (ApiException error) {
      same(error.getCode(), status);
      return error;
    }
  }

  static <T> T read(ApiException error, Class<T> type) throws Exception {
    return new ApiClient().getObjectMapper().readValue(error.getResponseBody(), type);
  }

  static Problem problem(ApiException error, String slug) throws Exception {
    Problem problem = read(error, Problem.class);
    same(Arrays.asList(problem.getStatus(), problem.getType().toString().endsWith("/problems/" + slug)), Arrays.asList(error.getCode(), true));
    return problem;
  }

  static Customer update(CustomerPatch patch) throws ApiException {
    return CUSTOMERS.updateCustomer(NAME, patch, null);
  }

  static void customers() throws Exception {
    CustomerCreation creation = new CustomerCreation().customerId(NAME).description("for a moment").labels(Map.of("tier", "gold"));
    Customer made = CUSTOMERS.createCustomer(creation, null);
    Problem taken = problem(refused(409, () -> CUSTOMERS.createCustomer(creation, null)), "name-conflict");
    same(taken.getConflictingResourceId(), made.getId());
    // With containerDefaultToNull=true the labels are omitted; without it, the client sends `{}`.
    Customer named = update(new CustomerPatch().displayName("Named"));
    same(Arrays.asList(named.getDisplayName(), named.getDescription(), named.getLabels()), Arrays.asList("Named", "for a moment", Map.of("tier", "gold")));
    Customer cleared = update(new CustomerPatch().description(null));
    same(Arrays.asList(cleared.getDisplayName(), cleared.getDescription(), cleared.getLabels()), Arrays.asList("Named", null, Map.of("tier", "gold")));
    ApiResponse<Customer> read = CUSTOMERS.getCustomerWithHttpInfo(NAME, null);
    same(read.getData(), cleared);
    String tag = read.getHeaders().get("etag").get(0);
    refused(304, () -> CUSTOMERS.getCustomer(NAME, tag));
  }

  static String keys() throws Exception {
    KeysApi api = new KeysApi(client(System.getenv("OPERATOR_KEY"), "BASE_URL"));
    OffsetDateTime ends = OffsetDateTime.now(ZoneOffset.ofHours(2)).plusDays(1).truncatedTo(ChronoUnit.MILLIS);
    IssuedKey made = api.createKey(NAME, new KeyCreation().name("ends").expiresAt(ends), null);
    same(made.getExpiresAt().toInstant(), ends.toInstant());
    // Absent scopes mean all scopes. Without containerDefaultToNull=true the client sends `[]`, and the key is read-only.
    same(made.getScopes().contains(IntegrationScope.TENANTS_WRITE), true);
    return made.getApiKeyOnce();
  }

  static void pages() throws Exception {
    List<String> found = new ArrayList<>();
    String token = null;
    do {
      var page = CUSTOMERS.listCustomers(1, token, null, null, null);
      page.getCustomers().forEach(row -> found.add(row.getCustomerId()));
      token = page.getPage().getNextPageToken();
    } while (!token.isEmpty());
    same(found.contains(NAME), true);
  }

  static void tenants(String key) throws Exception {
    TenantsApi api = new TenantsApi(client(key, "BASE_URL"));
    String externalId = "a/b c#e%2Fé";
    ApiResponse<Tenant> made = api.upsertTenantByExternalIdWithHttpInfo(externalId, null, null, new TenantUpsert().name("Warehouse"));
    same(Arrays.asList(made.getStatusCode(), made.getData().getExternalId(), made.getData().getName()), Arrays.asList(201, externalId, "Warehouse"));
    same(api.upsertTenantByExternalId(externalId, null, null, null), made.getData());
    same(api.getTenantByExternalId(externalId, null), made.getData());
    problem(refused(404, () -> api.getTenant("tnt_01m6k708ka2r00k6agv0vfcxec", null)), "not-found");
  }

  static void archives(String key) throws Exception {
    CUSTOMERS.archiveCustomer(NAME, null);
    TenantsApi api = new TenantsApi(client(key, "BASE_URL"));
    problem(refused(401, () -> api.listTenants(null, null, null, null)), "insufficient-scope");
    problem(refused(404, () -> CUSTOMERS.getCustomer(NAME, null)), "not-found");
    same(CUSTOMERS.restoreCustomer(NAME, null).getArchivedAt(), null);
  }

  static void gateway() throws Exception {
    for (int status : new int[] {413, 429, 500, 503}) {
      CustomersApi api = new CustomersApi(client("any", "BASE_URL_" + status));
      ApiException error = refused(status, () -> api.getCustomer(NAME, null));
      same(error.getResponseHeaders().firstValue("content-type").orElse(""), "application/json");
      same(read(error, GatewayMessage.class).getMessage().isEmpty(), false);
    }
  }

  public static void main(String[] arguments) throws Exception {
    customers();
    String key = keys();
    pages();
    tenants(key);
    archives(key);
    gateway();
    System.out.println("the client of openapi-generator for Java works");
  }
}
