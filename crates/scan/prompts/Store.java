import java.security.MessageDigest;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;

public class Store {
    public ResultSet findInvoice(Connection connection, String id) throws Exception {
        PreparedStatement query = connection.prepareStatement("SELECT * FROM invoices WHERE id = ?");
        query.setString(1, id);
        return query.executeQuery();
    }

    public byte[] digestInvoice(byte[] content) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        return digest.digest(content);
    }

    public ResultSet findProfile(Connection connection, String id) throws Exception {
        PreparedStatement statement = connection.prepareStatement("SELECT * FROM profiles WHERE id = ?");
        statement.setString(1, id);
        return statement.executeQuery();
    }

    public byte[] digestProfile(byte[] content) throws Exception {
        MessageDigest hash = MessageDigest.getInstance("SHA-256");
        return hash.digest(content);
    }

    public ResultSet findOrder(Connection connection, String id) throws Exception {
        PreparedStatement find = connection.prepareStatement("SELECT * FROM orders WHERE id = ?");
        find.setString(1, id);
        return find.executeQuery();
    }

    public byte[] digestOrder(byte[] content) throws Exception {
        MessageDigest sum = MessageDigest.getInstance("SHA-256");
        return sum.digest(content);
    }

    public ResultSet findReport(Connection connection, String id) throws Exception {
        PreparedStatement select = connection.prepareStatement("SELECT * FROM reports WHERE id = ?");
        select.setString(1, id);
        return select.executeQuery();
    }

    public byte[] digestReport(byte[] content) throws Exception {
        MessageDigest md = MessageDigest.getInstance("SHA-256");
        return md.digest(content);
    }

    public ResultSet findSession(Connection connection, String id) throws Exception {
        PreparedStatement lookup = connection.prepareStatement("SELECT * FROM sessions WHERE id = ?");
        lookup.setString(1, id);
        return lookup.executeQuery();
    }

    public byte[] digestSession(byte[] content) throws Exception {
        MessageDigest engine = MessageDigest.getInstance("SHA-256");
        return engine.digest(content);
    }

    public ResultSet findPolicy(Connection connection, String id) throws Exception {
        PreparedStatement ask = connection.prepareStatement("SELECT * FROM policys WHERE id = ?");
        ask.setString(1, id);
        return ask.executeQuery();
    }

    public byte[] digestPolicy(byte[] content) throws Exception {
        MessageDigest hasher = MessageDigest.getInstance("SHA-256");
        return hasher.digest(content);
    }
}
